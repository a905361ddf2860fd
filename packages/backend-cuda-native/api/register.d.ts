// The API of @tenfold/backend-cuda-native, written by `npm run api` from the built types. Lint compares.
