import Foundation

/// A bar with rate and time left, drawn a few times a second.
struct ProgressBar {
    private let unit: String
    private let start = ContinuousClock.now
    private var last: ContinuousClock.Instant?

    init(unit: String) { self.unit = unit }

    mutating func show(done: Int, total: Int) {
        let now = ContinuousClock.now
        if let last, now - last < .milliseconds(100), done < total { return }
        last = now
        Progress.show(Self.text(done: done, total: total, seconds: (now - start) / .seconds(1), unit: unit))
    }

    static func text(done: Int, total: Int, seconds: Double, unit: String) -> String {
        let width = 30
        let share = total > 0 ? Double(done) / Double(total) : 1
        let filled = Int(share * Double(width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        let rate = seconds > 0 ? Double(done) / seconds : 0
        let left = rate > 0 ? Int((Double(total - done) / rate).rounded(.up)) : 0
        let time = left >= 60 ? "\(left / 60) min \(left % 60) s" : "\(left) s"
        return String(format: "%@ %3.0f %%  %.0f M%@/s  %@ left", bar, 100 * share, rate / 1e6, unit, time)
    }
}
