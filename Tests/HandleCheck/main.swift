import OpenVINO

// Makes and drops handles of every kind, errors included, and tells how many are left: none.
let xml = """
    <net name="copy" version="11"><layers>
    <layer id="0" name="x" type="Parameter" version="opset1"><data shape="?,2" element_type="f32"/>\
    <output><port id="0" precision="FP32" names="x"><dim>-1</dim><dim>2</dim></port></output></layer>
    <layer id="1" name="n" type="Negative" version="opset1"><input><port id="0" precision="FP32"><dim>-1</dim>\
    <dim>2</dim></port></input><output><port id="1" precision="FP32" names="y"><dim>-1</dim><dim>2</dim></port></output>\
    </layer><layer id="2" name="r" type="Result" version="opset1"><input><port id="0" precision="FP32"><dim>-1</dim>\
    <dim>2</dim></port></input></layer></layers><edges>\
    <edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>\
    <edge from-layer="1" from-port="1" to-layer="2" to-port="0"/></edges></net>
    """

func exercise() throws {
    let core = try Core()
    _ = try core.availableDevices()
    for round in 0..<5 {
        let model = try core.readModel(xml: xml, weights: nil)
        let compiled = try core.compile(model, properties: .exact)
        _ = try (compiled.inputs(), compiled.outputs(), compiled.property("SUPPORTED_PROPERTIES"))
        let request = try compiled.makeRequest()
        try request.set("x", try Tensor([Float(round), 1], shape: [1, 2]))
        try request.infer()
        _ = try request.tensor("y").elements(of: Float.self)
        _ = try? core.readModel(path: "/nowhere.xml")
        _ = try? request.set("nothing", Tensor([1] as [Float], shape: [1]))
    }
}

try exercise()
print("live handles: \(Core.liveHandleCount)")
