/// The programs in this folder: each uses what its headers name, and gives 1 if that works.
#pragma once

extern "C" {
int linkkit_2_3_c(void* paras);
int linkkit_2_3_cpp(void* paras);
int low_level_2_3_c();
int low_level_2_3_cpp();
int hal_2_3_c(const char* path);
int hal_2_3_cpp(const char* path);
int upload_3_x_c();
int upload_3_x_cpp();
}
