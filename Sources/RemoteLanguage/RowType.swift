import CQuantization
import Foundation
import HiREDInference

/// The type that a prompt's rows are sent in.
package enum RowType: String, Sendable, Hashable, CaseIterable {
    case f16, bf16, f32

    var bytesPerValue: Int { self == .f32 ? 4 : 2 }

    /// Appends values, little-endian, each to the nearest that the type has, ties to even.
    ///
    /// - Throws: `RemoteLanguageError.unsendable` for a value beyond the type's range.
    func append(_ values: [Float], to data: inout Data) throws {
        switch self {
        case .f32: values.withUnsafeBytes { data.append(contentsOf: $0) }
        case .f16:
            try append(values, to: &data) { source, target in
                guard cq_narrow(source.baseAddress, source.count, target.baseAddress) else {
                    throw RemoteLanguageError.unsendable("an embedding of it is beyond the range of f16")
                }
            }
        case .bf16:
            try append(values, to: &data) { source, target in
                for index in source.indices {
                    let bits = source[index].bitPattern
                    guard source[index].isFinite else {
                        throw RemoteLanguageError.unsendable("an embedding of it is no finite number")
                    }
                    let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
                    target[index] = UInt16(truncatingIfNeeded: rounded >> 16)
                }
            }
        }
    }

    private func append(
        _ values: [Float], to data: inout Data,
        narrow: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<UInt16>) throws -> Void
    ) throws {
        let halves = try [UInt16](unsafeUninitializedCapacity: values.count) { buffer, count in
            try values.withUnsafeBufferPointer { source in
                guard !source.isEmpty else { return }
                try narrow(source, UnsafeMutableBufferPointer(rebasing: buffer[..<source.count]))
            }
            count = values.count
        }
        halves.withUnsafeBytes { data.append(contentsOf: $0) }
    }
}
