// Nothing of the runtime is imported into Swift: its C++ headers are used by the shim in COpenVINO only.
