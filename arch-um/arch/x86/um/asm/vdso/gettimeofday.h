/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the generic vDSO code needs of UML on x86_64. The counter is not the TSC
 * itself but the time that host_tsc.c makes of it, in ns.
 */
#ifndef __UM_ASM_VDSO_GETTIMEOFDAY_H
#define __UM_ASM_VDSO_GETTIMEOFDAY_H

#ifndef __ASSEMBLER__

#include <asm/unistd.h>
#include <asm/vdso/time_data.h>
#include <uapi/linux/time.h>
#include <vdso/clocksource.h>
#include <vdso/datapage.h>

#define VDSO_HAS_TIME		1
#define VDSO_HAS_CLOCK_GETRES	1

static __always_inline long vdso_syscall2(long nr, long arg0, long arg1)
{
	long ret;

	asm volatile ("syscall"
		      : "=a" (ret)
		      : "0" (nr), "D" (arg0), "S" (arg1)
		      : "rcx", "r11", "memory");
	return ret;
}

static __always_inline
long clock_gettime_fallback(clockid_t clock, struct __kernel_timespec *ts)
{
	return vdso_syscall2(__NR_clock_gettime, clock, (long)ts);
}

static __always_inline
long clock_getres_fallback(clockid_t clock, struct __kernel_timespec *ts)
{
	return vdso_syscall2(__NR_clock_getres, clock, (long)ts);
}

static __always_inline
long gettimeofday_fallback(struct __kernel_old_timeval *tv, struct timezone *tz)
{
	return vdso_syscall2(__NR_gettimeofday, (long)tv, (long)tz);
}

/* In program order: time must not run backwards between two reads. */
static __always_inline u64 host_tsc_read(void)
{
	u32 low, high;

	asm volatile ("lfence; rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return low | (u64)high << 32;
}

/*
 * A CPU whose TSC is behind that of the one which began the line may ask for a
 * time before it. Farther off it, the TSC has jumped, or nobody has continued the
 * line for long: HOST_TSC_NOWHERE.
 */
static __always_inline
u64 host_tsc_to_ns(const struct arch_vdso_time_data *line, u64 tsc)
{
	u64 delta = tsc - line->tsc;

	if (unlikely(delta > line->cycles))
		return -delta <= HOST_TSC_SKEW ? line->ns : HOST_TSC_NOWHERE;

	return line->ns + (u64)(((unsigned __int128)delta * line->mult) >>
				HOST_TSC_SHIFT);
}

static __always_inline u64 __arch_get_hw_counter(s32 clock_mode,
						 const struct vdso_time_data *vd)
{
	return host_tsc_to_ns(&vd->arch_data, host_tsc_read());
}

/* Without a line, the kernel is asked by a system call. */
static __always_inline bool um_vdso_cycles_ok(u64 cycles)
{
	return cycles != HOST_TSC_NOWHERE;
}

#define vdso_cycles_ok um_vdso_cycles_ok

/* The counter may be behind the last update, as it may be before the line. */
static __always_inline
u64 um_vdso_calc_ns(const struct vdso_clock *vc, u64 cycles, u64 base)
{
	s64 delta = cycles - vc->cycle_last;

	if (delta < 0)
		delta = 0;

	return (u64)(((unsigned __int128)delta * vc->mult + base) >> vc->shift);
}

#define vdso_calc_ns um_vdso_calc_ns

#endif /* !__ASSEMBLER__ */

#endif
