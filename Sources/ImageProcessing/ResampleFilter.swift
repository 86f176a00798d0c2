import Foundation

/// Pillow's filters (libImaging/Resample.c), which widen when shrinking. Its nearest-neighbour resize is another method
/// and not among them.
public enum ResampleFilter: String, Sendable, Hashable, CaseIterable {
    case lanczos, bilinear, bicubic, box, hamming

    /// Source pixels to either side that an output pixel of the same scale reads.
    var support: Double {
        switch self {
        case .box: 0.5
        case .bilinear, .hamming: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    func weight(at distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .box: return distance > -0.5 && distance <= 0.5 ? 1 : 0
        case .bilinear: return x < 1 ? 1 - x : 0
        case .hamming:
            guard x != 0 else { return 1 }
            return x >= 1 ? 0 : sin(x * .pi) / (x * .pi) * (0.54 + 0.46 * cos(x * .pi))
        case .bicubic:
            // Keys' cubic with a = −0.5.
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
        case .lanczos: return distance >= -3 && distance < 3 ? Self.sinc(distance) * Self.sinc(distance / 3) : 0
        }
    }

    private static func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
}
