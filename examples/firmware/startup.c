/* SPDX-License-Identifier: BSD-3-Clause
 *
 * From reset to main() on a Cortex-M3: vector table, memory, one timer. The linker script names the borders
 * of the sections. */
#include <lwip/sys.h>
#include <stdint.h>

#include "board.h"
#include "semihosting.h"

extern uint32_t link_stack_end[], link_data_source[], link_data_begin[], link_data_end[], link_bss_begin[],
    link_bss_end[];

void reset_handler(void) __attribute__((noreturn));
int main(void);

struct systick {
    uint32_t control;
    uint32_t reload;
    uint32_t value;
};
#define SYSTICK ((volatile struct systick*)0xE000E010U)
#define SYSTICK_RUNS_WITH_INTERRUPT 7U /* from the processor's clock */

#define SCB_CCR ((volatile uint32_t*)0xE000ED14U)
#define SCB_CCR_UNALIGN_TRP 8U

static volatile uint32_t milliseconds;

static void systick_handler(void) {
    ++milliseconds;
}

static void fault_handler(void) {
    board_panic("fault of the processor");
}

typedef union vector {
    uint32_t* stack;
    void (*handler)(void);
} vector;

/* Stack, reset, NMI, four faults, four reserved, SVC, debug, one reserved, PendSV, SysTick; no device
 * interrupts. */
__attribute__((section(".vectors"), used)) static const vector vectors[16] = {{.stack = link_stack_end},
                                                                              {.handler = reset_handler},
                                                                              {.handler = fault_handler},
                                                                              {.handler = fault_handler},
                                                                              {.handler = fault_handler},
                                                                              {.handler = fault_handler},
                                                                              {.handler = fault_handler},
                                                                              {.handler = 0},
                                                                              {.handler = 0},
                                                                              {.handler = 0},
                                                                              {.handler = 0},
                                                                              {.handler = fault_handler},
                                                                              {.handler = fault_handler},
                                                                              {.handler = 0},
                                                                              {.handler = fault_handler},
                                                                              {.handler = systick_handler}};

void reset_handler(void) {
    const uint32_t* source = link_data_source;
    for (uint32_t* word = link_data_begin; word != link_data_end; ++word) {
        *word = *source++;
    }
    for (uint32_t* word = link_bss_begin; word != link_bss_end; ++word) {
        *word = 0;
    }
#ifndef __ARM_FEATURE_UNALIGNED
    /* Built for a core that must not touch a word that is not aligned: then this one must not, either. */
    *SCB_CCR |= SCB_CCR_UNALIGN_TRP;
#endif
    SYSTICK->reload = BOARD_CLOCK_HZ / 1000U - 1U;
    SYSTICK->value = 0;
    SYSTICK->control = SYSTICK_RUNS_WITH_INTERRUPT;
    semihosting_exit(main());
}

/* lwIP's clock, and so that of the client library. */
u32_t sys_now(void) {
    return milliseconds;
}

void board_wait(void) {
    __asm__ volatile("wfi" ::: "memory");
}

void board_panic(const char* what) {
    semihosting_write("panic: ");
    semihosting_write(what);
    semihosting_write("\n");
    semihosting_exit(BOARD_PANIC_CODE);
}
