// The API of @tenfold/backend-webgpu, written by `npm run api` from the built types. Lint compares.
