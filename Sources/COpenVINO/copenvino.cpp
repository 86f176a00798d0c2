#include "copenvino.h"
#include <openvino/openvino.hpp>
extern "C" int copenvino_probe(void) { ov::Core c; return (int)c.get_available_devices().size(); }
