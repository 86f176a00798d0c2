/// `value[start:stop:step]`.
enum JinjaSlices {
    static func slice(_ value: JinjaValue, _ bounds: [JinjaValue], _ meter: JinjaMeter) throws -> JinjaValue {
        switch value {
        case .string(let text), .safe(let text):
            try meter.make(text.utf8.count * 4)
            let scalars = Array(text.unicodeScalars)
            var view = String.UnicodeScalarView()
            for place in try places(bounds, count: scalars.count) { view.append(scalars[place]) }
            return .string(String(view))
        case .sequence(let sequence) where [.list, .tuple, .group].contains(sequence.kind):
            let places = try places(bounds, count: sequence.items.count)
            try meter.makeItems(places.count)
            let kind: JinjaSequence.Kind = sequence.kind == .list ? .list : .tuple
            return .sequence(JinjaSequence(kind, places.map { sequence.items[$0] }, depth: sequence.depth))
        case .range(let range):
            let (start, stop, step) = try indices(bounds, count: range.count)
            // The end may lie beyond the last number, and beyond 64 bits.
            func number(_ index: Int) throws -> Int {
                let (offset, isLong) = index.multipliedReportingOverflow(by: range.step)
                let (sum, isLarge) = range.start.addingReportingOverflow(offset)
                guard !isLong, !isLarge else { throw JinjaError.bigInteger }
                return sum
            }
            let (width, isWide) = range.step.multipliedReportingOverflow(by: step)
            guard !isWide else { throw JinjaError.bigInteger }
            let count = places(from: start, to: stop, by: step, count: range.count).count
            return .range(JinjaRange(start: try number(start), stop: try number(stop), step: width, count: count))
        case .undefined: throw JinjaError.failed("\(value.typeName) has no items")
        default: return .undefined("")
        }
    }

    private static func places(_ bounds: [JinjaValue], count: Int) throws -> [Int] {
        let (start, stop, step) = try indices(bounds, count: count)
        return places(from: start, to: stop, by: step, count: count)
    }

    /// A step beyond all places takes one at most.
    private static func places(from start: Int, to stop: Int, by step: Int, count: Int) -> [Int] {
        Array(stride(from: start, to: stop, by: min(max(step, -count - 1), count + 1)))
    }

    /// As `slice.indices`.
    private static func indices(_ bounds: [JinjaValue], count: Int) throws -> (start: Int, stop: Int, step: Int) {
        let numbers = try bounds.map { bound -> Int? in
            if bound.isNone { return nil }
            guard let number = bound.integer else { throw JinjaError.failed("a slice's bound is \(bound.typeName)") }
            return number
        }
        let step = numbers[2] ?? 1
        guard step != 0 else { throw JinjaError.failed("a slice's step is 0") }
        let (lowest, highest) = step > 0 ? (0, count) : (-1, count - 1)
        func clamped(_ number: Int) -> Int {
            let place = number < 0 ? max(number, -count - 1) + count : number
            return min(max(place, lowest), highest)
        }
        let start = numbers[0].map(clamped) ?? (step > 0 ? lowest : highest)
        let stop = numbers[1].map(clamped) ?? (step > 0 ? highest : lowest)
        return (start, stop, step)
    }
}
