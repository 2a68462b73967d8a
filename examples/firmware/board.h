/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The board under the firmware: Arm's MPS2 with the image AN385 (Cortex-M3, 25 MHz), as QEMU's mps2-an385 has
 * it. */
#ifndef FIRMWARE_BOARD_H
#define FIRMWARE_BOARD_H

#define BOARD_CLOCK_HZ 25000000U
#define BOARD_ETHERNET_BASE 0x40200000U /* a LAN9118 */

/* Sleeps until the next interrupt: a millisecond at most, for that is how often the timer ticks. */
void board_wait(void);
/* Says what is wrong and ends the program with BOARD_PANIC_CODE. */
void board_panic(const char* what) __attribute__((noreturn));
#define BOARD_PANIC_CODE 9

#endif
