/** Function forms: convolutions. */
export {};
