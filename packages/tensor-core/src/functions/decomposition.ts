/** Function forms: matrix decompositions and what is solved by them. */
export {};
