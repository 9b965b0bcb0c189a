/* The bare C reader of the benchmarks: loads a PKCS#11 module, initialises it, reads the token
 * information of every slot that holds one, and ends. What a process that only reads must cost.
 *
 *   cc -O2 -o reader reader.c -ldl && SOFTHSM2_CONF=… ./reader MODULE
 */
#include <dlfcn.h>
#include <stdio.h>

typedef unsigned long ulong_t;

/* CK_FUNCTION_LIST: a version, then function pointers in the order of PKCS#11 2.40. */
struct function_list {
    unsigned char version[2];
    ulong_t (*functions[68])();
};

enum { INITIALIZE = 0, FINALIZE = 1, GET_SLOT_LIST = 4, GET_TOKEN_INFO = 6 };

int main(int argc, char **argv)
{
    struct function_list *list;
    ulong_t slots[64], count = 64, tokens = 0;
    unsigned char information[512];
    void *module = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
    ulong_t (*get_function_list)() = module ? (ulong_t (*)())dlsym(module, "C_GetFunctionList") : NULL;

    if (!get_function_list || get_function_list(&list) != 0)
        return 1;
    if (list->functions[INITIALIZE](NULL) != 0)
        return 2;
    if (list->functions[GET_SLOT_LIST]((unsigned char)1, slots, &count) != 0)
        return 3;
    for (ulong_t i = 0; i < count; i++)
        tokens += list->functions[GET_TOKEN_INFO](slots[i], information) == 0;
    list->functions[FINALIZE](NULL);
    printf("%lu\n", tokens);
    return 0;
}
