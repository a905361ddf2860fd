/* Values of JavaScript, checked. */
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "errors.h"

namespace tenfold {

constexpr double safe_most = 9007199254740991.0;

/* What the value is, for a message. */
inline std::string described(const Napi::Value& value) {
  if (value.IsNumber()) return text(value.As<Napi::Number>().DoubleValue());
  if (value.IsUndefined()) return "undefined";
  if (value.IsNull()) return "null";
  if (value.IsString()) return "a string";
  if (value.IsBoolean()) return "a boolean";
  if (value.IsBigInt()) return "a bigint";
  return value.IsFunction() ? "a function" : "an object";
}

/* A whole number from 0 to `most`. */
inline std::uint64_t whole(const Napi::Value& value, const char* name, double most = safe_most) {
  double number = 0;
  if (napi_get_value_double(value.Env(), value, &number) != napi_ok) wrong_argument(name, " must be a number, not ", described(value));
  /* NaN fails the comparison */
  if (!(number >= 0 && number <= most) || std::trunc(number) != number) {
    std::ostringstream out;
    out.precision(17);
    out << name << " must be a whole number from 0 to " << most << ", not " << number;
    throw Failure(Code::argument, out.str());
  }
  return static_cast<std::uint64_t>(number);
}

inline std::string words(const Napi::Value& value, const char* name) {
  if (!value.IsString()) wrong_argument(name, " must be a string, not ", described(value));
  std::string read = value.As<Napi::String>().Utf8Value();
  if (read.find('\0') != std::string::npos) wrong_argument(name, " holds a zero character");
  return read;
}

inline bool flag(const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) wrong_argument(name, " must be true or false, not ", described(value));
  return value.As<Napi::Boolean>().Value();
}

inline Napi::Object object(const Napi::Value& value, const char* name) {
  if (!value.IsObject()) wrong_argument(name, " must be an object, not ", described(value));
  return value.As<Napi::Object>();
}

inline std::vector<std::string> all_words(const Napi::Value& value, const char* name) {
  if (!value.IsArray()) wrong_argument(name, " must be an array of strings, not ", described(value));
  const auto list = value.As<Napi::Array>();
  std::vector<std::string> read;
  for (std::uint32_t i = 0; i < list.Length(); i++) read.push_back(words(list.Get(i), name));
  return read;
}

struct Bytes {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

/* The bytes of a view of an ArrayBuffer, which has not been detached. */
Bytes bytes_of(const Napi::Value& value, const char* name);

}  // namespace tenfold
