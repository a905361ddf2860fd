// The API of @tenfold/backend-cpu, written by `npm run api` from the built types. Lint compares.
