# CMake's toolchain file of the cross build for arm64, see ci/arm64: Debian's cross compiler with a sysroot of Debian's own
# arm64 packages, which ci/dependencies arm64 unpacks.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

get_filename_component(CMAKE_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/deps/arm64/sysroot ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# The compiler's own package brings a C and a C++ library too, older ones: the sysroot's come first.
file(GLOB gcc ${CMAKE_SYSROOT}/usr/lib/gcc/aarch64-linux-gnu/*)
string(JOIN " " link -B${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu -B${gcc}
  -L${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu -L${gcc})
set(CMAKE_EXE_LINKER_FLAGS_INIT ${link})

# Of pkg-config's files only the sysroot's, and what else is built for it.
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
