/** Function forms: padding, windows as columns, resizing and sampling of images. */
export {};
