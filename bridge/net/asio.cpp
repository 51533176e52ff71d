/// The compiled half of Asio: with ASIO_SEPARATE_COMPILATION its functions are built here once, not in every file.
#include <asio/impl/src.hpp>
