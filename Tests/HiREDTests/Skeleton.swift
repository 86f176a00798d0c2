import Testing

@testable import HiRED
