package import HiREDInference

/// Everything that a server can be told.
package struct ServerOptions: Sendable {
    /// The name that requests call the model by.
    package var modelName: String
    /// How tokens are chosen where a request says nothing.
    package var selection = SelectionOptions()
    /// Whether budgets are automatic where a request says nothing.
    package var usesAutoBudget = false
    /// Targets of automatic budgets where a request gives none.
    package var autoBudget: AutoBudget?
    /// The longest answer where a request says nothing.
    package var answerTokens = 1024
    package var limits = Limits()
    package var timeouts = Timeouts()
    package var access = Access()

    package init(modelName: String) { self.modelName = modelName }

    /// What one request, or all together, may take.
    package struct Limits: Sendable, Equatable {
        /// Of a request's body.
        package var bodyBytes = 50_000_000
        /// Of all bodies that are being read or taken apart.
        package var allBodyBytes = 512_000_000
        package var images = 16
        package var pixels = ImageDecoder.standardPixelLimit
        /// Tokens of a prompt, those of pictures included; the model's context where nil.
        package var promptTokens: Int?
        package var connections = 1024
        /// Bytes of an answer's text and events that wait for a slow reader.
        package init() {}
    }

    /// In seconds.
    package struct Timeouts: Sendable, Equatable {
        /// Until a connection's first request has its header.
        package var header = 20.0
        /// Until a request's body is whole.
        package var body = 120.0
        /// That a reader may take nothing while something waits for it.
        package var stalledWrite = 60.0
        /// Between two requests of a connection.
        package var idle = 75.0
        /// Until an answer is whole.
        package var request = 600.0
        /// Between two signs of life while an answer is worked on.
        package var ping = 10.0
        /// That requests may go on for once the server is to stop.
        package var drain = 120.0
        package init() {}
    }

    /// Who may ask.
    package struct Access: Sendable, Equatable {
        /// One of them is asked for; nobody is asked where there is none.
        package var keys: [String] = []
        /// Pages of these origins may ask from a browser; * is all.
        package var origins: [String] = []
        /// Whether pictures are fetched from addresses in the net.
        package var allowsRemoteImages = false
        package init() {}
    }
}
