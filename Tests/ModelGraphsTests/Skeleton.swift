import Testing

@testable import ModelGraphs
