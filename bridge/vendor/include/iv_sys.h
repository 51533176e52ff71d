/// IoT Video device SDK: of its system module, what peer to peer programs need.
#ifndef __IV_SYS_H__
#define __IV_SYS_H__

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  IV_eLOG_DISABLE = 0,
  IV_eLOG_ERROR = 1,
  IV_eLOG_WARN = 2,
  IV_eLOG_INFO = 3,
  IV_eLOG_DEBUG = 4
} iv_sys_log_level_type_e;

#ifdef __cplusplus
}
#endif
#endif
