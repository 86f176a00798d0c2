import ElementTypes
import Failures
import Foundation
import Testing

@testable import OpenVINO

/// The binding on a graph of one multiplication.
@Suite(.serialized) struct RuntimeTests {
    private let xml = """
        <net name="double" version="11"><layers>
        <layer id="0" name="x" type="Parameter" version="opset1"><data shape="?,2" element_type="f32"/>\
        <output><port id="0" precision="FP32" names="x"><dim>-1</dim><dim>2</dim></port></output></layer>
        <layer id="1" name="c" type="Const" version="opset1"><data element_type="f32" shape="1,2" offset="0" size="8"/>\
        <output><port id="0" precision="FP32"><dim>1</dim><dim>2</dim></port></output></layer>
        <layer id="2" name="m" type="Multiply" version="opset1"><data auto_broadcast="numpy"/>\
        <input><port id="0" precision="FP32"><dim>-1</dim><dim>2</dim></port>\
        <port id="1" precision="FP32"><dim>1</dim><dim>2</dim></port></input>\
        <output><port id="2" precision="FP32" names="y"><dim>-1</dim><dim>2</dim></port></output></layer>
        <layer id="3" name="r" type="Result" version="opset1">\
        <input><port id="0" precision="FP32"><dim>-1</dim><dim>2</dim></port></input></layer>
        </layers><edges><edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>\
        <edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>\
        <edge from-layer="2" from-port="2" to-layer="3" to-port="0"/></edges></net>
        """

    /// Memory that tells when it is given back.
    private final class Memory {
        let pointer: UnsafeMutableRawPointer
        init() {
            pointer = .allocate(byteCount: 8, alignment: 64)
            pointer.storeBytes(of: 2, as: Float.self)
            pointer.storeBytes(of: 3, toByteOffset: 4, as: Float.self)
        }
        deinit { pointer.deallocate() }
    }

    private func run() throws -> [Float] {
        let core = try Core()
        let memory = Memory()
        let weights = try Tensor(.u8, shape: [8], memory: memory.pointer, owner: memory)
        let compiled = try core.compile(try core.readModel(xml: xml, weights: weights), properties: .exact)
        let request = try compiled.makeRequest()
        try request.set("x", try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]))
        try request.infer()
        return try request.tensor("y").elements(of: Float.self)
    }

    @Test func weightsInMemoryAreUsed() throws {
        #expect(try run() == [2, 6, 6, 12])
    }

    /// In a process of its own: other tests hold handles meanwhile.
    @Test func everyHandleIsFreed() throws {
        let process = Process()
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0])
        var folder = bundle.deletingLastPathComponent()
        while folder.path != "/",
            !FileManager.default.isExecutableFile(atPath: folder.appending(path: "handle-check").path)
        {
            folder.deleteLastPathComponent()
        }
        process.executableURL = folder.appending(path: "handle-check")
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text == "live handles: 0\n")
        #expect(process.terminationStatus == 0)
    }

    @Test func theWeightsOutliveTheirOwnersName() throws {
        weak var watched: Memory?
        var request: InferRequest?
        do {
            let memory = Memory()
            watched = memory
            let core = try Core()
            let weights = try Tensor(.u8, shape: [8], memory: memory.pointer, owner: memory)
            request = try core.compile(try core.readModel(xml: xml, weights: weights)).makeRequest()
        }
        #expect(watched != nil)
        #expect(request != nil)
        request = nil
        #expect(watched == nil)
    }

    @Test func errorsKeepTheRuntimesMessage() throws {
        let core = try Core()
        let missing = #expect(throws: OpenVINOError.self) { try core.readModel(path: "/nowhere/model.xml") }
        #expect("\(try #require(missing))".contains("/nowhere/model.xml"))
        #expect(throws: OpenVINOError.self) { try core.readModel(xml: "<net/>", weights: nil) }
        let memory = Memory()
        let weights = try Tensor(.u8, shape: [8], memory: memory.pointer, owner: memory)
        let model = try core.readModel(xml: xml, weights: weights)
        #expect(throws: OpenVINOError.self) { try core.compile(model, device: "TOASTER") }
        #expect(throws: OpenVINOError.self) { try model.convertToPagedAttention(layers: 1) }
        let request = try core.compile(model).makeRequest()
        #expect(throws: OpenVINOError.self) { try request.set("nothing", Tensor([1] as [Float], shape: [1])) }
        #expect(throws: OpenVINOError.self) { try request.set("x", Tensor([1] as [Int32], shape: [1, 1])) }
    }

    @Test func tensorsAreChecked() throws {
        let tensor = try Tensor([1, 2, 3] as [Int32], shape: [3])
        #expect(throws: OpenVINOError.self) { try tensor.elements(of: Float.self) }
        #expect(throws: OpenVINOError.self) { try tensor.write([1, 2] as [Int32]) }
        #expect(throws: OpenVINOError.self) { try Tensor(.f32, shape: [-1]) }
        #expect(throws: OpenVINOError.self) { try Tensor(.f32, shape: [1 << 30, 1 << 30]) }
        try tensor.reshape([2])
        #expect(tensor.shape == [2])
    }

    /// More than an address space holds: refused, whatever the machine has.
    @Test func memoryThatCannotBeHadIsAnError() throws {
        let error = #expect(throws: OpenVINOError.self) { try Tensor(.u8, shape: [1 << 47]) }
        #expect(error?.isOutOfMemory == true, "\(String(describing: error))")
        #expect(error?.kind == .overloaded)
        let small = try Tensor([1, 2] as [UInt8], shape: [2])
        #expect(throws: OpenVINOError.self) { try small.reshape([1 << 46, 2]) }
        #expect(try Tensor([3] as [UInt8], shape: [1]).elements(of: UInt8.self) == [3])
    }

    @Test func portsTellTypeAndShape() throws {
        let memory = Memory()
        let weights = try Tensor(.u8, shape: [8], memory: memory.pointer, owner: memory)
        let model = try Core().readModel(xml: xml, weights: weights)
        let port = try #require(try model.inputs().first)
        #expect(port.name == "x")
        #expect(port.elementType == .f32)
        #expect(port.shape == [nil, 2])
        #expect(try model.operationCount("Multiply") == 1)
    }

    /// Each step of a language model can be another shape; what is kept of them must stay bounded.
    @Test func kernelsOfPastShapesAreKeptWithinABound() throws {
        let name = "CPU_RUNTIME_CACHE_CAPACITY"
        #expect(CompileProperties().strings(device: "CPU")[name] == "256")
        #expect(CompileProperties.exact.strings(device: "CPU")[name] == "256")
        // Other devices do not know it, and would refuse.
        #expect(CompileProperties().strings(device: "GPU")[name] == nil)
        _ = try Core()
        #expect(getenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY") != nil)
    }
}
