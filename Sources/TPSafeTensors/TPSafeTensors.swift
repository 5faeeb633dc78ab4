// TPSafeTensors: safetensors and the native profile of it.
