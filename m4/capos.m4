# SPDX-License-Identifier: MIT
# What configure looks for, and the list of what is missing that it prints once at its end.

# CAPOS_TARGET_CC: TARGET_CC must make x86_64 ELF objects with the kernel's code model.
AC_DEFUN([CAPOS_TARGET_CC], [
  : "${TARGET_CC=$CC}"
  AC_MSG_CHECKING([whether $TARGET_CC $TARGET_CFLAGS makes x86_64 ELF])
  cat >conftest.c <<_CAPOS
#if !defined __x86_64__ || !defined __ELF__
#error not x86_64 ELF
#endif
int conftest(void) { return 0; }
_CAPOS
  AS_IF([AC_TRY_COMMAND([$TARGET_CC $TARGET_CFLAGS -ffreestanding -fpie -mcmodel=small -mgeneral-regs-only -mno-red-zone -c -o conftest.o conftest.c >&AS_MESSAGE_LOG_FD 2>&1])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([set TARGET_CC to a compiler that makes x86_64 ELF, for example x86_64-linux-gnu-gcc or "clang --target=x86_64-unknown-none-elf"])])
  rm -f conftest.c conftest.o
])

# CAPOS_TARGET_LTO: TARGET_LTO_CFLAGS, the flags with which the kernel and the programs are compiled and
# linked as a whole, empty where the compiler can't. Linking must see through position-independent code.
AC_DEFUN([CAPOS_TARGET_LTO], [
  AC_MSG_CHECKING([whether $TARGET_CC links x86_64 programs as a whole (LTO)])
  TARGET_LTO_CFLAGS='-flto -flto-partition=one'
  AS_MKDIR_P([conftest.dir])
  echo 'int other(int a); void _start(void); void _start(void) { for (;;) other(1); }' >conftest.dir/a.c
  echo 'int other(int a); int other(int a) { return a + 1; }' >conftest.dir/b.c
  capos_lto="$TARGET_CC $TARGET_CFLAGS $TARGET_LTO_CFLAGS -O2 -ffreestanding -fpie -mcmodel=small"
  AS_IF([AC_TRY_COMMAND([$capos_lto -c -o conftest.dir/a.o conftest.dir/a.c &&
      $capos_lto -c -o conftest.dir/b.o conftest.dir/b.c &&
      $capos_lto -nostdlib -static-pie -o conftest.dir/out conftest.dir/a.o conftest.dir/b.o >&AS_MESSAGE_LOG_FD 2>&1])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     TARGET_LTO_CFLAGS=])
  rm -rf conftest.dir
  AC_SUBST([TARGET_LTO_CFLAGS])
])

# CAPOS_USER_LTO: USER_LTO_CFLAGS, the flags with which programs, and the library that they link, are compiled so
# that they can be linked as a whole and in the ordinary way; empty where the compiler can't do both.
AC_DEFUN([CAPOS_USER_LTO], [
  AC_MSG_CHECKING([whether $TARGET_CC makes objects to be linked with LTO and without])
  USER_LTO_CFLAGS='-flto -flto-partition=one -ffat-lto-objects'
  AS_MKDIR_P([conftest.dir])
  echo 'int other(int a); void _start(void); void _start(void) { for (;;) other(1); }' >conftest.dir/a.c
  echo 'int other(int a); int other(int a) { return a + 1; }' >conftest.dir/b.c
  capos_user="$TARGET_CC $TARGET_CFLAGS -O2 -ffreestanding -fno-pie -mcmodel=small -Werror"
  capos_user_link="-nostdlib -static -o conftest.dir/out conftest.dir/a.o conftest.dir/b.a"
  AS_IF([AC_TRY_COMMAND([$capos_user $USER_LTO_CFLAGS -c -o conftest.dir/a.o conftest.dir/a.c &&
      $capos_user $USER_LTO_CFLAGS -c -o conftest.dir/b.o conftest.dir/b.c &&
      $AR cr conftest.dir/b.a conftest.dir/b.o && $RANLIB conftest.dir/b.a &&
      $capos_user -fno-lto $capos_user_link >&AS_MESSAGE_LOG_FD 2>&1 &&
      $capos_user $USER_LTO_CFLAGS $capos_user_link >&AS_MESSAGE_LOG_FD 2>&1])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     USER_LTO_CFLAGS=])
  rm -rf conftest.dir
  AC_SUBST([USER_LTO_CFLAGS])
])

# CAPOS_SANITIZERS: flags for the tests, empty where the compiler has no sanitizers.
AC_DEFUN([CAPOS_SANITIZERS], [
  AC_MSG_CHECKING([for address and undefined behaviour sanitizers])
  capos_save_CFLAGS=$CFLAGS
  SANITIZE_CFLAGS='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
  CFLAGS="$CFLAGS $SANITIZE_CFLAGS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no]); SANITIZE_CFLAGS=])
  CFLAGS=$capos_save_CFLAGS
  AC_SUBST([SANITIZE_CFLAGS])

  AC_MSG_CHECKING([for the thread sanitizer])
  RACE_CFLAGS='-fsanitize=thread -fno-omit-frame-pointer'
  CFLAGS="$CFLAGS $RACE_CFLAGS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no]); RACE_CFLAGS=])
  CFLAGS=$capos_save_CFLAGS
  AC_SUBST([RACE_CFLAGS])
])

# CAPOS_WARNINGS: the warnings that both compilers know, as errors in a checkout's build.
AC_DEFUN([CAPOS_WARNINGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--disable-werror], [let the compiler's warnings pass])],
    [], [enable_werror=yes])
  WARN_CFLAGS='-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wundef'
  AS_IF([test "x$enable_werror" != xno], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])
])

# CAPOS_MISSING(GRADE, WHAT, PACKAGE, CONSEQUENCE): remember one missing thing; GRADE is need or want.
AC_DEFUN([CAPOS_MISSING], [
  capos_$1="${capos_$1}
    $2 (Debian: $3): $4"
  capos_packages="$capos_packages $3"
])

AC_DEFUN([CAPOS_PROG], [
  AC_ARG_VAR([$2], [$3 to use, or no])
  # AC_PATH_PROG takes only a path for an answer, and would look for it although the user said no.
  AS_IF([test "x$$2" != xno], [AC_PATH_PROG([$2], [$3], [no])])
  AS_IF([test "x$$2" = xno], [CAPOS_MISSING([$1], [$3], [$4], [$5])])
])
AC_DEFUN([CAPOS_NEED_PROG], [CAPOS_PROG([need], [$1], [$2], [$3], [$4])])
AC_DEFUN([CAPOS_WANT_PROG], [CAPOS_PROG([want], [$1], [$2], [$3], [$4])])

AC_DEFUN([CAPOS_LIB], [
  PKG_CHECK_MODULES([$2], [$3], [have_$2=yes], [have_$2=no; CAPOS_MISSING([$1], [$3], [$4], [$5])])
])
AC_DEFUN([CAPOS_NEED_LIB], [CAPOS_LIB([need], [$1], [$2], [$3], [$4])])
AC_DEFUN([CAPOS_WANT_LIB], [CAPOS_LIB([want], [$1], [$2], [$3], [$4])])

AC_DEFUN([CAPOS_WANT_FILE], [
  AC_MSG_CHECKING([for $2])
  AS_IF([test -r "$2"], [have_$1=yes], [have_$1=no; CAPOS_MISSING([want], [$2], [$3], [$4])])
  AC_MSG_RESULT([$have_$1])
])

# CAPOS_SUMMARY: everything missing at once; what is needed stops configure.
AC_DEFUN([CAPOS_SUMMARY], [
  AS_IF([test -n "$capos_want"], [AC_MSG_NOTICE([left out, because these are missing:$capos_want])])
  AS_IF([test -n "$capos_need"], [AC_MSG_NOTICE([needed, and missing:$capos_need])])
  AS_IF([test -n "$capos_packages"], [AC_MSG_NOTICE([on Debian: apt-get install$capos_packages])])
  AS_IF([test -n "$capos_need"], [rm -f Makefile; AC_MSG_ERROR([needed packages are missing, see above])])
  AS_IF(["$srcdir/tests/bench/fetch" --check 2>/dev/null], [],
    [AC_MSG_NOTICE([make bench would have no Linux to measure beside capOS: make fetch gets it, 100 MB, from Debian's archive])])
  AC_MSG_NOTICE([configured. Next: make, make check, make install (make help lists the targets)])
])
