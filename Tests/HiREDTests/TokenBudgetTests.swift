import Testing

@testable import HiRED

@Suite struct TokenBudgetTests {
    @Test(arguments: [
        "0", "0%", "200%", "100.1%", "abc", "-5", "", "%", "1e3", "20 %", "5.%", ".5%", "99999999999999999999", "١٠",
    ])
    func nonsenseIsRefused(_ text: String) {
        #expect(throws: HiREDError.invalidBudget(text)) { try TokenBudget(parsing: text) }
    }

    @Test(arguments: ["full", "640", "20%", "12.5%", "0.000001%", "100%", "100.0%"])
    func descriptionsReadBack(_ text: String) throws {
        #expect(try TokenBudget(parsing: text).description == text)
    }

    @Test func sharesAreExactDecimals() throws {
        #expect(try TokenBudget(parsing: "35%").tokenCount(of: 2880) == 1008)
        #expect(try TokenBudget(parsing: "12.5%").tokenCount(of: 8) == 1)
        #expect(try TokenBudget(parsing: "100%").tokenCount(of: .max) == .max)
        #expect(throws: HiREDError.self) { try TokenBudget(parsing: "1%").tokenCount(of: 99) }
    }

    @Test func namesAreListedInErrors() {
        #expect(throws: HiREDError.unknownStrategy("x")) { try StrategyName(parsing: "x") }
        #expect(
            "\(HiREDError.unknownStrategy("x"))".contains(
                "hired, full, uniform, spatial, random, prumerge, prumerge+, scope, vispruner, divprune"))
        #expect(throws: HiREDError.unknownAllocation("x")) { try Allocation(parsing: "x") }
    }

    @Test(arguments: [-0.1, 1.1, .nan, .infinity])
    func alphaIsChecked(_ alpha: Double) {
        var options = SelectionOptions()
        options.alpha = alpha
        #expect(throws: HiREDError.self) { try options.makeStrategy() }
    }
}
