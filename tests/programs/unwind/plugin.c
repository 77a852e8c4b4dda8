/* SPDX-License-Identifier: MIT
 *
 * Loaded and unloaded by loading.cc, in two editions whose frames differ. */
extern void ashlar_test_plugin_call(void (*function)(void*), void* argument);

void ashlar_test_plugin_call(void (*function)(void*), void* argument) {
    char room[ROOM];
    __asm__ volatile("" : : "r"(room) : "memory");
    function(argument);
    __asm__ volatile("" : : "r"(room) : "memory");
}
