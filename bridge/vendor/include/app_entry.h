/// Entry of the examples of SDK 2.3: main() hands its arguments to linkkit_main(), which the program defines.
#ifndef APP_ENTRY_H
#define APP_ENTRY_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int argc;
  char** argv;
} app_main_paras_t;

int linkkit_main(void* paras);

#ifdef __cplusplus
}
#endif
#endif
