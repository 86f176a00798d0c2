// Runs in the page: what the Markdown modules make of given, hostile and random texts.
async () => {
  const { parseBlocks } = await import(new URL("page/markdown.js", document.baseURI));
  const { parseInline, safeAddress } = await import(new URL("page/markdown-inline.js", document.baseURI));
  const { MarkdownView, markdownNodes } = await import(new URL("page/markdown-view.js", document.baseURI));
  const { EventReader } = await import(new URL("page/events.js", document.baseURI));
  const failures = [];
  let cases = 0;
  const check = (holds, words) => {
    cases += 1;
    if (!holds) failures.push(words);
  };

  /** The nodes without attributes: tags and words. */
  const shape = (node) => (node.nodeType === Node.TEXT_NODE ? node.data
    : node.matches(".code-head") ? ""
      : `<${node.localName}${node.matches("a") ? ` ${node.href}` : ""}${node.start > 1 ? ` ${node.start}` : ""}>${
        [...node.childNodes].map(shape).join("")}</>`);
  const drawn = (text) => markdownNodes(text).map(shape).join("");
  const expected = [
    ["plain", "<p>plain</>"],
    ["a\nb", "<p>a<br></>b</>"],
    ["a\r\n\r\nb", "<p>a</><p>b</>"],
    ["# One\n## Two ##\n####### seven", "<h3>One</><h4>Two</><p>####### seven</>"],
    ["#no", "<p>#no</>"],
    ["**b** *i* ***bi*** ~~s~~ `c`", "<p><strong>b</> <em>i</> <em><strong>bi</></> <del>s</> <code>c</></>"],
    ["**a *b** c*", "<p><em><em>a <em>b</></> c</></>"],
    ["*a **b***", "<p><em>a <strong>b</></></>"],
    ["a_b_c __d__", "<p>a_b_c <strong>d</></>"],
    ["2 * 3 * 4", "<p>2 * 3 * 4</>"],
    ["\\*not\\* \\<b>", "<p>*not* <b></>"],
    ["``a ` b``", "<p><code>a ` b</></>"],
    ["`open", "<p>`open</>"],
    ["[t](https://a.example/x_(y))", "<p><a https://a.example/x_(y)>t</></>"],
    ["[t](<https://a.example/> \"title\")", "<p><a https://a.example/>t</></>"],
    ["[**t**](http://a.example)", "<p><a http://a.example/><strong>t</></></>"],
    ["[a [b](http://b.example) c](http://c.example)", "<p>[a <a http://b.example/>b</> c](<a http://c.example/>http://c.example</>)</>"],
    ["see https://a.example/p?q=1. Then", "<p>see <a https://a.example/p?q=1>https://a.example/p?q=1</>. Then</>"],
    ["(https://a.example/x)", "<p>(<a https://a.example/x>https://a.example/x</>)</>"],
    ["[t](javascript:alert(1))", "<p>[t](javascript:alert(1))</>"],
    ["[t](/relative)", "<p>[t](/relative)</>"],
    ["![alt](https://a.example/p.png)", "<p><a https://a.example/p.png>alt</></>"],
    ["<script>x</script>", "<p><script>x</script></>"],
    ["&lt;b&gt; &amp;", "<p>&lt;b&gt; &amp;</>"],
    ["- a\n- b\n  - c\n\n  d\n- e", "<ul><li>a</><li>b<ul><li>c</></><p>d</></><li>e</></>"],
    ["3. a\n4. b", "<ol 3><li>a</><li>b</></>"],
    ["a\n2. b", "<p>a<br></>2. b</>"],
    ["a\n- b", "<p>a</><ul><li>b</></>"],
    ["- a\n\n\n- b", "<ul><li>a</><li>b</></>"],
    ["- a\n* b", "<ul><li>a</></><ul><li>b</></>"],
    ["-", "<ul><li></></>"],
    ["> a\n> > b\n\nc", "<blockquote><p>a</><blockquote><p>b</></></><p>c</>"],
    ["---\n***\n_ _ _", "<hr></><hr></><hr></>"],
    ["```js\nlet a = \"<b>\";\n```\nx", "<div><pre><code>let a = \"<b>\";</></></><p>x</>"],
    ["~~~\n```\n~~~", "<div><pre><code>```</></></>"],
    ["```\nopen", "<div><pre><code>open</></></>"],
    ["- a\n  ```\n  code\n  ```", "<ul><li>a<div><pre><code>code</></></></></>"],
    ["| a | b |\n|---|:-:|\n| 1 | **2** |\n| \\| |", "<div><table><thead><tr><th>a</><th>b</></></><tbody><tr><td>1</><td><strong>2</></></><tr><td>|</><td></></></></></>"],
    ["text\n| a | b |\n|---|---|\n", "<p>text</><div><table><thead><tr><th>a</><th>b</></></><tbody></></></>"],
    ["a | b\nc", "<p>a | b<br></>c</>"],
    ["", ""],
  ];
  for (const [text, wanted] of expected) {
    const found = drawn(text);
    check(found === wanted, `${JSON.stringify(text)}\n  wanted ${wanted}\n  found  ${found}`);
  }

  const refused = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", " javascript:alert(1)", "data:text/html,x",
    "vbscript:x", "file:///etc/passwd", "//a.example", "/x", "x", "#", "http:a.example", "http:/a.example", "https://",
    "https://name@a.example", "https://name:word@a.example/", "https:\\\\a.example", "https://a.example\\@b.example",
    "https://a.example/\u202Egnp.exe", "https://a\u0000.example", "https://a.example/\t", "blob:https://a.example/1",
    "http://[::1", "about:blank", `https://a.example/${"a".repeat(3000)}`, "ftp://a.example/",
  ];
  for (const address of refused) check(safeAddress(address) === null, `${JSON.stringify(address)} was let through`);
  for (const address of ["https://a.example/", "http://a.example/?q=%20#x", "HTTPS://A.example"]) {
    check(safeAddress(address) !== null, `${address} was refused`);
  }

  // Whatever the text, only these come out.
  const names = "p h3 h4 h5 h6 hr br strong em del code pre blockquote ul ol li a div span table thead tbody tr th td button svg path".split(" ");
  const attributes = "href rel target title class tabindex role aria-label aria-hidden start scope type viewBox d".split(" ");
  const wrong = (root) => [...root.querySelectorAll("*")].flatMap((node) => [
    ...(names.includes(node.localName) ? [] : [node.localName]),
    ...[...node.attributes].filter(({ name }) => !attributes.includes(name)).map(({ name }) => `${node.localName} ${name}`),
    ...(node.matches("a") && !/^https?:\/\//.test(node.getAttribute("href")) ? [node.getAttribute("href")] : []),
    ...(node.matches("a a, p p, p div") ? [`${node.localName} within its like`] : []),
  ]);
  const deep = (node) => 1 + Math.max(0, ...[...node.children].map(deep));
  const put = (text) => {
    const root = document.createElement("div");
    root.append(...markdownNodes(text));
    return root;
  };
  const hostile = [
    "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "[x](javascript&colon;alert(1))", "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))", "![x](javascript:alert(1))", "<javascript:alert(1)>", "[x]: javascript:alert(1)\n[x]",
    "[a](https://a.example\" onclick=\"alert(1))", "`<b>`", "```\"><script>alert(1)</script>\nx\n```",
    "https://a.example/\"onmouseover=\"alert(1)", "|<b>|\n|-|\n|<script>|", "**<a href='javascript:1'>**", "\u0000<b>",
  ];
  const long = [
    "> ".repeat(5000) + "x", "- ".repeat(5000) + "x", "1. ".repeat(5000), "*".repeat(20000), "*a ".repeat(8000),
    "*a **b ".repeat(6000) + "c** d*".repeat(6000), "_a__b".repeat(6000), "[".repeat(20000), "[a](".repeat(6000),
    "[a".repeat(10000) + "](https://a.example)".repeat(2000), "`".repeat(20001), "` `` ``` ".repeat(4000), "~".repeat(20000) + "`",
    "```" + " ".repeat(20000) + "`", "|".repeat(20000) + "\n" + "|-".repeat(9999), "|a\n" + " ".repeat(50000) + "x",
    "#".repeat(20000), "# " + "#".repeat(20000) + "x", "\\".repeat(20001), "http://".repeat(4000), "https://a.example/" + ")".repeat(20000),
    "<".repeat(20000), " ".repeat(50000) + "x", "x" + "\t".repeat(50000), "\n".repeat(20000), "- a\n".repeat(5000), "a\n\n".repeat(8000),
    "![".repeat(8000) + "](https://a.example)".repeat(2000), "***a***".repeat(4000), "(".repeat(9000) + "https://a.example", "  - a\n".repeat(3000),
    "* a\n  ".repeat(3000), "~~a".repeat(7000), "a*".repeat(15000), "_".repeat(9999) + "a" + "_".repeat(9999),
  ];
  let slowest = 0;
  for (const text of [...hostile, ...long]) {
    const before = performance.now();
    const root = put(text);
    slowest = Math.max(slowest, performance.now() - before);
    check(wrong(root).length === 0, `${JSON.stringify(text.slice(0, 40))} gave ${wrong(root).slice(0, 3)}`);
    check(deep(root) < 80, `${JSON.stringify(text.slice(0, 40))} is ${deep(root)} deep`);
  }

  // Random texts: safe, and the same whether they come at once or in pieces.
  let seed = 20261127;
  const random = (most) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 4294967296 * most);
  };
  const pieces = ["*", "**", "_", "`", "```", "~~", "[", "](", ")", "https://a.example", "javascript:", "<b>", "\n", "\n\n", "- ", "1. ",
    "  ", "> ", "# ", "|", "|-|-|", "---", "a", "b c", "\\", "!", "é", "\r\n", "```\n", "\n    ", "\n  - "];
  let texts = 0;
  for (let round = 0; round < 3000 && failures.length < 5; round += 1) {
    const text = Array.from({ length: 1 + random(40) }, () => pieces[random(pieces.length)]).join("");
    texts += 1;
    const root = put(text);
    if (wrong(root).length > 0) failures.push(`${JSON.stringify(text)} gave ${wrong(root)}`);
    const grown = document.createElement("div");
    const view = new MarkdownView(grown);
    for (let end = 0; end < text.length;) {
      end = Math.min(text.length, end + 1 + random(6));
      view.show(text.slice(0, end));
    }
    if (grown.innerHTML !== root.innerHTML) {
      failures.push(`${JSON.stringify(text)} grew into\n  ${shape(grown)}\n  and is\n  ${shape(root)}`);
    }
  }

  // A settled block is never drawn again.
  const node = document.createElement("div");
  const view = new MarkdownView(node);
  const answer = "First block.\n\n- a\n- b\n\n```\ncode\n```\n\nLast **block** here.";
  let first = null;
  for (let end = 1; end <= answer.length; end += 1) {
    view.show(answer.slice(0, end));
    if (answer.slice(0, end).endsWith("- b\n\n```\n")) first = node.firstChild;
  }
  check(first !== null && node.firstChild === first, "the first block was drawn again");
  check(node.children.length === 4, `${node.children.length} blocks instead of 4`);
  view.show("Another");
  check(shape(node) === "<div><p>Another</></>", "a new text leaves the old one");

  // Events in any cut.
  const stream = ": ping\n\ndata: {\"a\":1}\r\n\r\nevent: visual_tokens.selected\ndata: one\ndata:two\n\ndata: [DONE]\n\n";
  const whole = JSON.stringify(new EventReader().feed(stream));
  check(whole === JSON.stringify([{ name: "", data: "{\"a\":1}" }, { name: "visual_tokens.selected", data: "one\ntwo" },
    { name: "", data: "[DONE]" }]), `events: ${whole}`);
  for (let cut = 1; cut < stream.length; cut += 1) {
    const reader = new EventReader();
    const events = JSON.stringify([...reader.feed(stream.slice(0, cut)), ...reader.feed(stream.slice(cut))]);
    check(events === whole, `events cut at ${cut}: ${events}`);
  }
  check(parseBlocks("a").length === 1 && parseInline("a")[0] === "a", "the parts alone");
  return { failures, cases, random: texts, slowest };
}
