import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Line editing, history and the completion of file names by libedit, which is looked for when it is needed: the program
/// runs without it.
struct LibEdit: Sendable {
    private typealias ReadLine = @convention(c) (UnsafePointer<CChar>) -> UnsafeMutablePointer<CChar>?
    private typealias AddHistory = @convention(c) (UnsafePointer<CChar>) -> Int32
    private typealias Resize = @convention(c) () -> Void
    private typealias Initialize = @convention(c) () -> Int32

    private let readLine: ReadLine
    private let addHistory: AddHistory
    private let resize: Resize?

    #if canImport(Darwin)
        private static let names = ["libedit.dylib", "libedit.3.dylib"]
    #else
        private static let names = ["libedit.so.2", "libedit.so.0", "libedit.so"]
    #endif

    /// Nil where the system has none, or nobody could see what is edited.
    init?() {
        let shows = Terminal.showsOutput ? STDOUT_FILENO : STDERR_FILENO
        guard Terminal.readsPerson, isatty(shows) == 1,
            let library = Self.names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first,
            let line = dlsym(library, "readline"), let history = dlsym(library, "add_history")
        else { return nil }
        // The signatures of its header.
        readLine = unsafeBitCast(line, to: ReadLine.self)
        addHistory = unsafeBitCast(history, to: AddHistory.self)
        resize = dlsym(library, "rl_resize_terminal").map { unsafeBitCast($0, to: Resize.self) }
        // Signals are the chat's own business.
        dlsym(library, "rl_catch_signals")?.storeBytes(of: Int32(0), as: Int32.self)
        // An answer goes to a file; what is typed does not.
        if shows == STDERR_FILENO, let file = fdopen(STDERR_FILENO, "w") {
            dlsym(library, "rl_outstream")?.storeBytes(of: file, as: type(of: file))
        }
        Self.useUTF8()
        // It sets modes of its own there, and at each line only after its prompt is seen; keys may come before.
        if let function = dlsym(library, "rl_initialize") {
            _ = unsafeBitCast(function, to: Initialize.self)()
        }
        Terminal.passEndOfFile()
    }

    /// It reads letters as the locale writes them, and terminals send UTF-8 even where no locale is set.
    private static func useUTF8() {
        setlocale(LC_CTYPE, "")
        let codes = nl_langinfo(nl_item(CODESET)).map { String(cString: $0) }
        if codes?.uppercased() != "UTF-8" { setlocale(LC_CTYPE, "C.UTF-8") }
    }

    /// Waits for a line. Not from two threads at once.
    ///
    /// - Parameter isFirst: whether there was no line before; later ones take the size that the terminal has by then.
    /// - Returns: nil at the end of input.
    func line(prompt: String, isFirst: Bool) -> String? {
        if !isFirst { resize?() }
        guard let bytes = readLine(prompt) else { return nil }
        defer { free(bytes) }
        let line = String(cString: bytes)
        if line.contains(where: { !$0.isWhitespace }) { _ = addHistory(line) }
        return line
    }
}
