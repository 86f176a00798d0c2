// One import serves a program that asks questions: the types in this library's signatures come from the rooms below.
@_exported public import Checkpoints
@_exported public import ElementTypes
@_exported public import Failures
@_exported public import HiRED
@_exported public import ImageProcessing
@_exported public import ModelGraphs
@_exported public import Tokenization
@_exported public import VisionEncoding
