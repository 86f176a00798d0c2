public import Foundation
public import ImageProcessing

/// A picture as a caller has it.
public enum ImageInput: Sendable {
    /// Also a pipe or a device, which can be read once: a model that is asked for the layout first needs its bytes.
    case file(URL)
    /// An encoded picture; the name is for messages.
    case data(Data, name: String)
    case image(RGBImage)
}
