import Checkpoints
import ElementTypes
import Failures
public import Foundation
import OrderedJSON

extension ModelManifest {
    /// A hundred thousand tensors, ten times those of the largest models.
    private static let limits = JSONLimits(values: 2 << 20)

    /// Reads and checks the manifest of a folder.
    ///
    /// - Throws: ``GraphError/manifest(path:reason:)``.
    public init(folder: URL) throws {
        let url = folder.appending(path: Self.fileName)
        func wrong(_ reason: String) -> GraphError { .manifest(path: url.path, reason: reason) }
        do {
            let bytes = try ModelFile.bytes(url, limit: Self.limits.bytes)
            let value = try JSONValue(parsing: bytes, limits: Self.limits)
            guard case .object(let object) = value, let format = object["format"] else {
                throw wrong("is no manifest of a model folder")
            }
            guard format == .integer(Self.currentFormat) else {
                throw wrong("is of format \(format.summary), this program knows \(Self.currentFormat)")
            }
            self = try value.decoded()
        } catch let error as CheckpointError {
            throw wrong(error.problem)
        } catch let error as JSONError {
            throw wrong(error.problem)
        } catch let error as DecodingError {
            throw wrong(JSONError.problem(of: error))
        }
        if let reason = contradiction { throw wrong(reason) }
    }

    private static let largestGraph = 1 << 50

    /// A text that no import writes; nil for none. Texts are shown to people, and names are of files inside the folder.
    private var oddText: String? {
        for text in [createdBy, weights, visionWeights, source.layout, source.modelType, chatTemplate ?? ""]
        where text.utf8.count > 256
            || text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        {
            return "holds the odd text \(FailureText.quoted(text))"
        }
        for file in source.files {
            let parts = file.name.split(separator: "/", omittingEmptySubsequences: false)
            guard file.name.utf8.count <= 1024, !file.name.contains("\0"),
                parts.allSatisfy({ !["", ".", ".."].contains($0) })
            else { return "lists the file \(FailureText.quoted(file.name)), which is not inside the folder" }
        }
        return nil
    }

    /// What in the manifest cannot be true of any folder; nil for nothing.
    private var contradiction: String? {
        if let reason = oddText { return reason }
        var sizes: [GraphPart: Int] = [:]
        for graph in graphs {
            // Which also keeps sums of sizes within an Int.
            guard graph.byteCount <= Self.largestGraph else {
                return "gives the graph \(graph.part.rawValue) \(graph.byteCount) bytes, more than any disk holds"
            }
            guard graph.byteCount >= 0 else { return "gives the graph \(graph.part.rawValue) a negative size" }
            guard sizes.updateValue(graph.byteCount, forKey: graph.part) == nil else {
                return "lists the graph \(graph.part.rawValue) twice"
            }
            guard graph.file == graph.part.xmlName else {
                return "names \(FailureText.quoted(graph.file)) for the graph \(graph.part.rawValue), "
                    + "which lies in \(graph.part.xmlName)"
            }
        }
        for part in GraphPart.allCases {
            let tensors = tensors.filter { $0.part == part }
            guard !tensors.isEmpty else { continue }
            guard let size = sizes[part] else { return "lists tensors of \(part.rawValue) but no such graph" }
            var names: Set<String> = []
            var ranges: [(range: Range<Int>, name: String)] = []
            for tensor in tensors {
                let name = FailureText.quoted(tensor.name)
                guard names.insert(tensor.name).inserted else { return "lists the tensor \(name) twice" }
                guard let places = tensor.places, places.allSatisfy({ $0.upperBound <= size }) else {
                    return "places the tensor \(name) where its graph has no room for it"
                }
                ranges += places.filter { !$0.isEmpty }.map { ($0, name) }
            }
            ranges.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
            for (left, right) in zip(ranges, ranges.dropFirst())
            where right.range.lowerBound < left.range.upperBound {
                return "places the tensors \(left.name) and \(right.name) over each other"
            }
        }
        return nil
    }
}

extension ModelManifest.Tensor {
    /// Where its values and its scales lie, in bytes; nil where its numbers contradict each other.
    fileprivate var places: [Range<Int>]? {
        guard let type = ElementType(rawValue: type), shape.allSatisfy({ $0 >= 0 }) else { return nil }
        var count = 1
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow else { return nil }
            count = product
        }
        guard type.byteCount(elementCount: count) == byteCount, let values = range(offset, byteCount) else {
            return nil
        }
        guard let scaleOffset else { return groupSize == nil ? [values] : nil }
        guard let groupSize, groupSize > 0, let columns = shape.last, columns.isMultiple(of: groupSize) else {
            return nil
        }
        let (bytes, overflow) = (count / groupSize).multipliedReportingOverflow(by: 2)
        guard !overflow, let scales = range(scaleOffset, bytes) else { return nil }
        return [values, scales]
    }

    private func range(_ start: Int, _ count: Int) -> Range<Int>? {
        let (end, overflow) = start.addingReportingOverflow(count)
        return start >= 0 && count >= 0 && !overflow ? start..<end : nil
    }
}
