#include "values.h"

namespace tenfold {
namespace {

std::size_t element_size(napi_typedarray_type type) {
  switch (type) {
    case napi_int16_array:
    case napi_uint16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return 8;
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

Bytes bytes_of(const Napi::Value& value, const char* name) {
  const napi_env env = value.Env();
  void* data = nullptr;
  std::size_t size = 0;
  napi_value buffer = nullptr;
  if (value.IsTypedArray()) {
    /* Node leaves it as it is for types that it does not know */
    auto type = static_cast<napi_typedarray_type>(-1);
    const napi_status status = napi_get_typedarray_info(env, value, &type, &size, &data, &buffer, nullptr);
    if (status != napi_ok || element_size(type) == 0) wrong_argument(name, " is of a type that can't be read: give its bytes as a Uint8Array");
    size *= element_size(type);
  } else if (value.IsDataView()) {
    if (napi_get_dataview_info(env, value, &size, &data, &buffer, nullptr) != napi_ok) wrong_argument(name, " can't be read");
  } else {
    wrong_argument(name, " must be a view of an ArrayBuffer, not ", described(value));
  }
  bool detached = false;
  if (napi_is_detached_arraybuffer(env, buffer, &detached) != napi_ok || detached) wrong_argument(name, " was detached");
  return {static_cast<const std::uint8_t*>(data), size};
}

}  // namespace tenfold
