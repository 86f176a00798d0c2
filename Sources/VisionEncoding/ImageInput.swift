public import Foundation
public import ImageProcessing

/// A picture as a caller has it.
public enum ImageInput: Sendable {
    case file(URL)
    /// An encoded picture; the name is for messages.
    case data(Data, name: String)
    case image(RGBImage)
}
