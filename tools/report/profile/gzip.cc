// SPDX-License-Identifier: MIT
#include "report/profile/gzip.h"

#include <stdexcept>
#include <zlib.h>

namespace ashlar::report::profile {

std::string gzipped(const std::string& text) {
    constexpr int kGzip = MAX_WBITS + 16; // gzip's header in place of zlib's
    constexpr int kMemoryLevel = 8;
    z_stream stream{};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        throw std::runtime_error("cannot compress: no memory");
    }
    std::string result(deflateBound(&stream, text.size()), '\0');
    std::string input = text; // zlib's interface takes no constant
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(result.data());
    stream.avail_out = static_cast<uInt>(result.size());
    deflate(&stream, Z_FINISH);
    result.resize(stream.total_out);
    deflateEnd(&stream);
    return result;
}

} // namespace ashlar::report::profile
