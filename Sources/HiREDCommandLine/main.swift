import COpenVINO

print(copenvino_probe())
