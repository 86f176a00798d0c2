import HTTPTypes

extension HTTPField.Name {
    /// A header that has no constant.
    static func named(_ name: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name("\(name)") else { fatalError("a literal here is a header's name: \(name)") }
        return name
    }
}
