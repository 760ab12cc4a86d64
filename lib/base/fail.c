// SPDX-License-Identifier: MIT
#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>

// What mp_fail said last, and for which class; 0: nothing.
static _Thread_local char text[512];
static _Thread_local int class;

int mp_fail(int error_class, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    class = error_class;
    return error_class;
}

const char *mp_fail_said(int error_class)
{
    return class == error_class && error_class != 0 ? text : NULL;
}

void mp_fail_forget(void)
{
    class = 0;
}
