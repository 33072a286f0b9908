/* SPDX-License-Identifier: GPL-2.0 */
/* What takes the place of memory that the host does not give. */
#ifndef __UM_PHYSMEM_SPARE_H
#define __UM_PHYSMEM_SPARE_H

#include <linux/types.h>

/* physmem_populate.c */
unsigned long physmem_give_up(void);

/* physmem_spare.c */
bool physmem_use_spare(unsigned long virt);
void physmem_make_do(void);

#endif
