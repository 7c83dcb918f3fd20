/* What differs between OpenCL C and CUDA C++. */
#ifdef __OPENCL_VERSION__
#pragma OPENCL FP_CONTRACT OFF
#ifdef DOUBLE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
#define KERNEL(threads) __kernel __attribute__((reqd_work_group_size(threads, 1, 1)))
#define FUNCTION static inline
#define GLOBAL __global
#define SHARED __local
#define SHARED_POINTER __local
#define RESTRICT restrict
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
#define THREAD ((int)get_local_id(0))
#define BLOCK_X ((int)get_group_id(0))
#define BLOCK_Y ((int)get_group_id(1))
#define BLOCKS_X ((int)get_num_groups(0))
#define READ_ONCE(from) (*(from))
#define WRITE_ONCE(to, value) (*(to) = (value))
#define FMA(a, b, c) fma(a, b, c)
#define DIVIDE(a, b) ((a) / (b))
#ifdef DOUBLE
#define BITS ulong
#define BITS_OF(x) as_ulong(x)
#define REAL_OF(x) as_double(x)
#else
#define BITS uint
#define BITS_OF(x) as_uint(x)
#define REAL_OF(x) as_float(x)
#endif
#else
#define KERNEL(threads) extern "C" __global__ __launch_bounds__(threads, 1)
#define FUNCTION __device__ __forceinline__
#define GLOBAL
#define SHARED __shared__
#define SHARED_POINTER
#define RESTRICT __restrict__
#define BARRIER() __syncthreads()
#define THREAD ((int)threadIdx.x)
#define BLOCK_X ((int)blockIdx.x)
#define BLOCK_Y ((int)blockIdx.y)
#define BLOCKS_X ((int)gridDim.x)
/* What a batch keeps of its layers is not to push their weights out of the cache. */
#define READ_ONCE(from) __ldcs(from)
#define WRITE_ONCE(to, value) __stcs(to, value)
#ifdef DOUBLE
#define FMA(a, b, c) __fma_rn(a, b, c)
#define DIVIDE(a, b) __ddiv_rn(a, b)
#define BITS unsigned long long
#define BITS_OF(x) ((unsigned long long)__double_as_longlong(x))
#define REAL_OF(x) __longlong_as_double((long long)(x))
#else
#define FMA(a, b, c) __fmaf_rn(a, b, c)
#define DIVIDE(a, b) __fdiv_rn(a, b)
#define BITS unsigned int
#define BITS_OF(x) __float_as_uint(x)
#define REAL_OF(x) __uint_as_float(x)
#endif
#endif
/* W and b of a layer, as `Parameters` has them. */
#define NODE (N * N + N)
/* Numbers in front of layer k of something with `count` numbers a layer. */
#define OFFSET(k, count) ((long)(k) * (long)(count))
