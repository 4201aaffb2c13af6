"""The same work without Tickmesh: in C on the libzmq that pyzmq brings (the floor), and in what people use instead."""
