/** Function forms: pooling over windows. */
export {};
