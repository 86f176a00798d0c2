// Pictures to begin with.
import { element } from "./dom.js";

const samples = [
  { file: "sample-sign.png", name: "A sign", question: "What word is written?" },
  { file: "sample-prices.png", name: "A price list", question: "How much is the WATER?" },
  { file: "sample-chart.png", name: "A bar chart", question: "What is the value of the red bar?" },
  { file: "sample-shapes.png", name: "Shapes and a number", question: "What number is written?" },
];

const sampleAddress = (sample) => new URL(sample.file, import.meta.url).href;

export async function sampleFile(sample) {
  const response = await fetch(sampleAddress(sample));
  if (!response.ok) throw new Error("The sample picture did not come.");
  return new File([await response.blob()], sample.file, { type: "image/png" });
}

/** An entry for each sample; `chosen` is called with the one that is pressed. */
export const sampleEntries = (chosen) => samples.map((sample) => element("li", {},
  element("button", { type: "button", class: "sample", onclick: () => chosen(sample) },
    element("img", { src: sampleAddress(sample), alt: "", loading: "lazy" }),
    element("span", {}, element("strong", {}, sample.name), element("span", {}, sample.question)))));
