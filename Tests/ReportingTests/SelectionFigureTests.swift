import HiREDInference
import Testing

@testable import Reporting

@Suite struct SelectionFigureTests {
    @Test func framesGoAroundWhatIsKept() {
        let one = SelectionFigure.edges([true, false, false, false], side: 2)
        #expect(
            one.map { "\($0.x) \($0.y) \($0.isHorizontal ? "h" : "v")" }.sorted() == [
                "0 0 h", "0 0 v", "0 1 h", "1 0 v",
            ])
        // Neighbours have no line between them.
        #expect(SelectionFigure.edges([true, true, false, false], side: 2).count == 6)
        #expect(SelectionFigure.edges([true, false, false, true], side: 2).count == 8)
        #expect(SelectionFigure.edges([Bool](repeating: true, count: 9), side: 3).count == 12)
        #expect(SelectionFigure.edges([Bool](repeating: false, count: 9), side: 3).isEmpty)
    }

    @Test func heatGoesFromNothingToYellow() {
        #expect(SelectionFigure.colour(0).opacity == 0)
        #expect(SelectionFigure.colour(-1).opacity == 0)
        let most = SelectionFigure.colour(2)
        #expect((most.red, most.green) == (255, 255))
        #expect(SelectionFigure.colour(0.1).green < SelectionFigure.colour(0.5).green)
    }
}
