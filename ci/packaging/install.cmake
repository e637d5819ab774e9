# What `cmake --install` and the packages hold, by the paths that distributions use. Included from the top.
# The target release-files makes what is not compiled: manual pages, completions, the changelogs. ci/release builds it.
include(GNUInstallDirs)
set(release_files ${CMAKE_BINARY_DIR}/release-files)
set(HOOK_HELP_PROGRAM "" CACHE STRING "a kubevirt-gpu-hook that says what the manual pages say, where ours is for another machine")
add_custom_target(release-files
  COMMAND ${CMAKE_SOURCE_DIR}/ci/packaging/make-files --help-of $<IF:$<BOOL:${HOOK_HELP_PROGRAM}>,${HOOK_HELP_PROGRAM},$<TARGET_FILE:kubevirt-gpu-hook>>
    --build ${CMAKE_BINARY_DIR} --version ${PROJECT_VERSION} ${release_files}
  DEPENDS kubevirt-gpu-hook VERBATIM)

install(TARGETS kubevirt-gpu-hook DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${release_files}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
install(DIRECTORY ${release_files}/completions/bash/ DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions OPTIONAL)
install(DIRECTORY ${release_files}/completions/zsh/ DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions OPTIONAL)
install(DIRECTORY ${release_files}/completions/fish/ DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d OPTIONAL)
install(DIRECTORY ${release_files}/doc/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/kubevirt-gpu-hook OPTIONAL)
install(FILES ${CMAKE_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/kubevirt-gpu-hook)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs ${CMAKE_SOURCE_DIR}/manifests DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/kubevirt-gpu-hook
  PATTERN check EXCLUDE PATTERN "*.py" EXCLUDE PATTERN __pycache__ EXCLUDE)
install(FILES ${CMAKE_SOURCE_DIR}/ci/packaging/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
  RENAME kubevirt-gpu-hook)

set(HOOK_MAINTAINER "kubevirt-gpu-hook maintainers <maintainers@kubevirt-gpu-hook.example>" CACHE STRING "whom the package names")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME kubevirt-gpu-hook)
set(CPACK_PACKAGE_CONTACT "${HOOK_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "GPU passthrough on KubeVirt: ROM files, options and host checks")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Looks whether a node's GPUs are ready to be passed through to virtual machines,
makes, verifies and signs bundles of option ROMs, and gives KubeVirt's virtual
machines what their GPUs need: as hook sidecar, as plugin and as node hook.")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
if(CMAKE_CROSSCOMPILING) # else CPack asks dpkg
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
endif()
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES OFF) # it is
include(CPack)
