cpdef str client_order_id(unsigned int sender, unsigned int epoch, unsigned long long n, unsigned long long started_ms)
cpdef str base62(unsigned long long number, int width=*)
