// SPDX-License-Identifier: MIT
#include "symbols/function_entry.h"

#include "symbols/demangle.h"

#include <cstdlib>
#include <dwarf.h>

namespace ashlar::symbols {

namespace {

// Returns the entry of the function's declaration in the source text, to which the entry of its code refers.
Dwarf_Die declaration_of(Dwarf_Die* die) {
    Dwarf_Die declaration = *die;
    Dwarf_Attribute attribute;
    Dwarf_Die next;
    for (const unsigned reference : {DW_AT_abstract_origin, DW_AT_specification}) {
        if (dwarf_attr(&declaration, reference, &attribute) != nullptr &&
            dwarf_formref_die(&attribute, &next) != nullptr) {
            declaration = next;
        }
    }
    return declaration;
}

// Returns "shapes::(anonymous namespace)::", for a function of which only the plain name is known.
std::string scope_name(Dwarf_Die* die) {
    Dwarf_Die declaration = declaration_of(die);
    Dwarf_Die* scopes = nullptr;
    const int count = dwarf_getscopes_die(&declaration, &scopes);
    std::string name;
    for (int index = 1; index < count; ++index) {
        const int tag = dwarf_tag(&scopes[index]);
        if (tag == DW_TAG_namespace || tag == DW_TAG_class_type || tag == DW_TAG_structure_type) {
            const char* const scope = dwarf_diename(&scopes[index]);
            name.insert(0, std::string(scope == nullptr ? "(anonymous namespace)" : scope) + "::");
        }
    }
    std::free(scopes); // NOLINT(cppcoreguidelines-no-malloc): libdw's
    return name;
}

} // namespace

std::string function_name(Dwarf_Die* die) {
    Dwarf_Attribute attribute;
    for (const unsigned which : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
        if (dwarf_attr_integrate(die, which, &attribute) != nullptr) {
            if (const char* const name = dwarf_formstring(&attribute); name != nullptr) {
                return demangled(name);
            }
        }
    }
    const char* const name = dwarf_diename(die);
    return name == nullptr ? "" : scope_name(die) + name;
}

unsigned number_of(Dwarf_Die* die, unsigned which) {
    Dwarf_Attribute attribute;
    Dwarf_Word value = 0;
    const bool known =
        dwarf_attr(die, which, &attribute) != nullptr && dwarf_formudata(&attribute, &value) == 0;
    return known ? static_cast<unsigned>(value) : 0;
}

} // namespace ashlar::symbols
