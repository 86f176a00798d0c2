import ArgumentParser

/// What `hired bench --protocol` measures.
enum BenchProtocol: String, CaseIterable, ExpressibleByArgument {
    /// The paper's: a picture of 600×600 pixels, 15 new tokens.
    case paper
    /// A larger picture and a longer answer, where decoding counts for more.
    case long

    /// Pixels of each side of the picture.
    var side: Int { self == .paper ? 600 : 1000 }
    var maximumTokens: Int { self == .paper ? 15 : 100 }
    var batches: String { "1,2,4" }

    static let budgets = "full,40%,20%"
    static let runs = 3
}
