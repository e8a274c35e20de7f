/* A build without pages (-Dweb=false). */
#include "api/web.h"
const kd_web_file kd_web_files[1];
const size_t      kd_web_files_count = 0;
