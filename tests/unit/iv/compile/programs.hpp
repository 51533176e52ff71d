/// The programs in this folder: each uses what the headers name, and gives 1 if that works.
#pragma once

extern "C" {
int iv_calls_without_init_c();
int iv_calls_without_init_cpp();
int iv_frames_are_not_there_c();
int iv_frames_are_not_there_cpp();
int iv_voice_stop_c();
}
