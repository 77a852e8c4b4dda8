# SPDX-License-Identifier: MIT
"""Reads profile.proto with Google's library. The part of the schema that the tests need is written in Python."""
import gzip

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FIELD = descriptor_pb2.FieldDescriptorProto
SCHEMA = {
    "Profile": [(1, "sample_type", "*ValueType"), (2, "sample", "*Sample"), (3, "mapping", "*Mapping"), (4, "location", "*Location"),
                (5, "function", "*Function"), (6, "string_table", "*string"), (9, "time_nanos", "int64"),
                (10, "duration_nanos", "int64"), (11, "period_type", "ValueType"), (12, "period", "int64"),
                (14, "default_sample_type", "int64")],
    "ValueType": [(1, "type", "int64"), (2, "unit", "int64")],
    "Sample": [(1, "location_id", "*uint64"), (2, "value", "*int64"), (3, "label", "*Label")],
    "Label": [(1, "key", "int64"), (2, "str", "int64")],
    "Mapping": [(1, "id", "uint64"), (5, "filename", "int64"), (7, "has_functions", "bool")],
    "Location": [(1, "id", "uint64"), (2, "mapping_id", "uint64"), (4, "line", "*Line")],
    "Line": [(1, "function_id", "uint64"), (2, "line", "int64")],
    "Function": [(1, "id", "uint64"), (2, "name", "int64"), (4, "filename", "int64")],
}
SCALARS = {"string": FIELD.TYPE_STRING, "int64": FIELD.TYPE_INT64, "uint64": FIELD.TYPE_UINT64, "bool": FIELD.TYPE_BOOL}


def message_class():
    file = descriptor_pb2.FileDescriptorProto(name="profile.proto", package="perftools.profiles", syntax="proto3")
    for name, fields in SCHEMA.items():
        message = file.message_type.add(name=name)
        for number, field, kind in fields:
            scalar = kind.lstrip("*")
            added = message.field.add(name=field, number=number,
                                      label=FIELD.LABEL_REPEATED if kind.startswith("*") else FIELD.LABEL_OPTIONAL,
                                      type=SCALARS.get(scalar, FIELD.TYPE_MESSAGE))
            if scalar not in SCALARS:
                added.type_name = ".perftools.profiles." + scalar
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("perftools.profiles.Profile"))


class Profile:
    def __init__(self, path):
        self.message = message_class()()
        with gzip.open(path) as file:
            self.message.ParseFromString(file.read())
        self.strings = self.message.string_table
        self.types = [self.strings[each.type] for each in self.message.sample_type]
        self.default = self.strings[self.message.default_sample_type]
        self.program = self.strings[self.message.mapping[0].filename]

    def stacks(self, kind):
        """Returns {(function names, innermost first): value} for samples with a nonzero value."""
        functions = {each.id: self.strings[each.name] for each in self.message.function}
        locations = {each.id: [functions[line.function_id] for line in each.line] for each in self.message.location}
        index = self.types.index(kind)
        found = {}
        for sample in self.message.sample:
            if sample.value[index]:
                names = tuple(name for location in sample.location_id for name in locations[location])
                found[names] = found.get(names, 0) + sample.value[index]
        return found

    def labels(self):
        """Returns {(key, text)} of all samples' labels."""
        return {(self.strings[label.key], self.strings[label.str]) for sample in self.message.sample for label in sample.label}
