#pragma once
#ifdef __cplusplus
extern "C" {
#endif
int copenvino_probe(void);
#ifdef __cplusplus
}
#endif
