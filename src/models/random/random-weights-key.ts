/** The GGUF key of models whose output means nothing. */
export const RANDOM_WEIGHTS_KEY = "turnwise.random_weights";
